#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

// A map whose versions share what they have in common. A version is a balanced tree of immutable
// nodes; a change builds the O(log n) nodes from the root to the place anew and leaves the rest to
// both versions. So copying costs a pointer, and an old version stays as it was.
//
// The balance is by weight: of two siblings none is more than three times as heavy as the other.
// Source: Adams, "Implementing sets efficiently in a functional language"; the constants 3 and 2
// are Hirai and Yamamoto's.

namespace millrace {

/// Ordered by Key. Versions may be read from any number of threads.
template <class Key, class Value>
class PersistentMap {
 public:
  [[nodiscard]] std::size_t size() const { return weight_of(root_); }
  [[nodiscard]] bool empty() const { return root_ == nullptr; }

  /// Valid as long as this version is.
  [[nodiscard]] const Value* find(const Key& key) const {
    const Node* node = root_.get();
    while (node != nullptr) {
      if (key < node->key) {
        node = node->left.get();
      } else if (node->key < key) {
        node = node->right.get();
      } else {
        return &node->value;
      }
    }
    return nullptr;
  }

  void insert_or_assign(const Key& key, const Value& value) { root_ = inserted(root_, key, value); }
  void erase(const Key& key) { root_ = erased(root_, key); }

  /// Calls `visit(key, value)` in the order of the keys.
  template <class Visit>
  void for_each(Visit&& visit) const {
    walk(root_, visit);
  }

 private:
  struct Node;
  using Tree = std::shared_ptr<const Node>;
  struct Node {
    Key key;
    Value value;
    Tree left;
    Tree right;
    std::size_t weight = 1;
  };

  static std::size_t weight_of(const Tree& tree) { return tree ? tree->weight : 0; }

  static Tree joined(const Key& key, const Value& value, Tree left, Tree right) {
    const std::size_t weight = weight_of(left) + weight_of(right) + 1;
    return std::make_shared<const Node>(
        Node{key, value, std::move(left), std::move(right), weight});
  }

  /// Whether a tree may not stand beside a `light` one.
  static bool too_heavy(const Tree& heavy, const Tree& light) {
    return weight_of(heavy) + weight_of(light) >= 2 &&
           weight_of(heavy) + 1 > 3 * (weight_of(light) + 1);
  }

  static bool single_turn(const Tree& inner, const Tree& outer) {
    return weight_of(inner) + 1 < 2 * (weight_of(outer) + 1);
  }

  /// As joined(), where one side may have become one node too heavy or too light.
  static Tree balanced(const Key& key, const Value& value, const Tree& left, const Tree& right) {
    if (too_heavy(right, left)) {
      const Tree& inner = right->left;
      if (single_turn(inner, right->right)) {
        return joined(right->key, right->value, joined(key, value, left, inner), right->right);
      }
      return joined(inner->key, inner->value, joined(key, value, left, inner->left),
                    joined(right->key, right->value, inner->right, right->right));
    }
    if (too_heavy(left, right)) {
      const Tree& inner = left->right;
      if (single_turn(inner, left->left)) {
        return joined(left->key, left->value, left->left, joined(key, value, inner, right));
      }
      return joined(inner->key, inner->value,
                    joined(left->key, left->value, left->left, inner->left),
                    joined(key, value, inner->right, right));
    }
    return joined(key, value, left, right);
  }

  static Tree inserted(const Tree& tree, const Key& key, const Value& value) {
    if (!tree) return joined(key, value, nullptr, nullptr);
    if (key < tree->key) {
      return balanced(tree->key, tree->value, inserted(tree->left, key, value), tree->right);
    }
    if (tree->key < key) {
      return balanced(tree->key, tree->value, tree->left, inserted(tree->right, key, value));
    }
    return joined(key, value, tree->left, tree->right);
  }

  static Tree erased(const Tree& tree, const Key& key) {
    if (!tree) return nullptr;
    if (key < tree->key) {
      return balanced(tree->key, tree->value, erased(tree->left, key), tree->right);
    }
    if (tree->key < key) {
      return balanced(tree->key, tree->value, tree->left, erased(tree->right, key));
    }
    if (!tree->left) return tree->right;
    if (!tree->right) return tree->left;
    const Tree& next = first_of(tree->right);
    return balanced(next->key, next->value, tree->left, erased(tree->right, next->key));
  }

  static const Tree& first_of(const Tree& tree) {
    const Tree* first = &tree;
    while ((*first)->left) first = &(*first)->left;
    return *first;
  }

  template <class Visit>
  static void walk(const Tree& tree, Visit& visit) {
    if (!tree) return;
    walk(tree->left, visit);
    visit(tree->key, tree->value);
    walk(tree->right, visit);
  }

  Tree root_;
};

}  // namespace millrace
